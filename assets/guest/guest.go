package guest

import "embed"

// Lists holds the lists and the guest's /etc; linuxvm/image/build says what each is for.
//
//go:embed packages files links fixed stubs applets modules modules.initrd modules.boot modules.late etc
var Lists embed.FS
