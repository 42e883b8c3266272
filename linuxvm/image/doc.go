// Package image is the guest image as the host sees it: a folder with a kernel, an initrd, a root image and a manifest
// that says what they are made of and how to tell that they are whole.
//
// Open reads the manifest, Image.Verify checks the files against it; both fail with an *Error that knows the command that
// mends the image. Images are made by image/build. The package starts nothing and changes nothing; an Image is a value
// and may be used concurrently.
package image
