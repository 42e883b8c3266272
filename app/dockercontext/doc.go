// Package dockercontext keeps Wherry's docker context: an entry named "wherry" in docker's own context store, so that
// `docker context use wherry`, IDEs and other programs find the engine. It also says which context is the current one, in
// docker's config.json, of which it changes nothing else.
//
// It does not decide when to do so; its callers do. Calls for one folder must not be concurrent.
package dockercontext
