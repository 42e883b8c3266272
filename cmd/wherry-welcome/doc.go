// Command wherry-welcome is the web server inside the welcome container.
package main
