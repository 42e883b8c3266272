// Package welcome is the page of the welcome container: what a newcomer sees first in the browser, and the name and
// command of the image that shows it.
package welcome
