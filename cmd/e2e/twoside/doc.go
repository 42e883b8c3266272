// Package twoside changes a tree of files at random and describes it, for tests in which a host and a container do that with
// the same tree: whatever both did, in the end both must see the same.
//
// It owns nothing but the tree. Mutator is for one goroutine.
package twoside
