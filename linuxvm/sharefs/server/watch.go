package server

import "github.com/wherry-app/wherry/linuxvm/sharefs/wire"

// state is what the guest knows of a file's content.
type state struct{}

// watch is the watching of a folder.
type watch struct{}

// look begins to watch a folder, before it is looked at; the answer is Keep if the guest may keep what it sees.
func (s *Server) look(*node, folder) uint32 { return 0 }

func (s *Server) watched(*node) bool { return false }

func (s *Server) unwatch(*node) {}

// limit withholds Keep from what changes without the folder's watcher being told.
func (s *Server) limit(*node, *info, *wire.Attr) {}

func (s *Server) own(*node, string, wire.Kind) func(error) { return func(error) {} }

func (s *Server) ownMove(*node, string, *node, string) func(error) { return func(error) {} }

func (s *Server) before(*node, *handle) {}

func (s *Server) after(*node, *handle) {}

func (s *Server) remember(*node, *info) {}
