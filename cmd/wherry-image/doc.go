// Command wherry-image makes the guest image: see linuxvm/image/build.
//
//	wherry-image build -arch amd64 -o dist/guest-amd64
//	wherry-image ship -o dist/guest-amd64.tar.zst dist/guest-amd64
package main
