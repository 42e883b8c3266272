// Package names answers http://CONTAINER.localhost and http://SERVICE.PROJECT.localhost on the host's loopback, with what
// the container's web port says. Names under .localhost lead to the loopback in browsers, curl and systemd's resolver, so
// nobody's resolver is changed and nobody needs rights for that. HTTP/1, websockets, HTTP/2 without TLS and streams pass;
// with a CA, HTTPS is spoken to clients too.
//
// A Server owns its listeners and what they accept, not the way to containers. A Table is told the containers and decides
// which one a name means. All methods may be called concurrently.
package names
