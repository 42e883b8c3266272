// Package socketlink makes, on the user's wish, /var/run/docker.sock a link to Wherry's docker socket, for programs that
// look nowhere else; and takes it away again. That needs rights, which are asked for in the system's own way.
//
// It never touches a socket or a link that is not Wherry's.
package socketlink
