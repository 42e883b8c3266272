package wire

import "fmt"

// Op says what a frame asks, answers or tells.
type Op uint8

// The requests of the guest. A reply has the Op of its request.
const (
	OpHello Op = iota + 1
	OpLookup
	OpForget
	OpGetAttr
	OpSetAttr
	OpReadlink
	OpSymlink
	OpMknod // files of all kinds but folders and links
	OpMkdir
	OpUnlink
	OpRmdir
	OpRename
	OpLink
	OpRead
	OpWrite
	OpFsync
	OpFallocate
	OpSeek
	OpStatFS
	OpReadDir
	OpGetXattr
	OpListXattr
	OpSetXattr
	OpRemoveXattr
	OpMounted // the guest says what it has mounted
	lastRequest
)

// The notices of the host.
const (
	OpShares Op = iota + 128 // what is shared now
	OpEvents                 // what changed on the host
	OpReset                  // all that the guest has cached of a share may be wrong
)

// field is a part of a request or reply.
type field uint16

// The parts of a request, in the order in which they are sent.
const (
	qNode field = 1 << iota
	qNode2
	qName
	qName2
	qOff
	qSize
	qMode
	qFlags
	qOwner
	qTimes
	qRdev
	qData // the rest of the frame
)

// The parts of a reply.
const (
	rEntry field = 1 << iota // node and attributes
	rAttr
	rCount
	rStatFS
	rData // the rest of the frame
)

// shape says what a request and its reply consist of.
type shape struct {
	name           string
	request, reply field
}

var shapes = [lastRequest]shape{
	OpHello:       {"hello", qFlags | qData, rData},
	OpLookup:      {"lookup", qNode | qName | qFlags, rEntry},
	OpForget:      {"forget", qData, 0},
	OpGetAttr:     {"getattr", qNode, rAttr},
	OpSetAttr:     {"setattr", qNode | qSize | qMode | qFlags | qOwner | qTimes, rAttr},
	OpReadlink:    {"readlink", qNode, rData},
	OpSymlink:     {"symlink", qNode | qName | qOwner | qData, rEntry},
	OpMknod:       {"mknod", qNode | qName | qMode | qOwner | qRdev, rEntry},
	OpMkdir:       {"mkdir", qNode | qName | qMode | qOwner, rEntry},
	OpUnlink:      {"unlink", qNode | qName, 0},
	OpRmdir:       {"rmdir", qNode | qName, 0},
	OpRename:      {"rename", qNode | qNode2 | qName | qName2 | qFlags, 0},
	OpLink:        {"link", qNode | qNode2 | qName, rEntry},
	OpRead:        {"read", qNode | qOff | qSize, rData},
	OpWrite:       {"write", qNode | qOff | qData, rAttr | rCount},
	OpFsync:       {"fsync", qNode | qFlags, 0},
	OpFallocate:   {"fallocate", qNode | qOff | qSize | qMode, 0},
	OpSeek:        {"seek", qNode | qOff | qFlags, rCount},
	OpStatFS:      {"statfs", qNode, rStatFS},
	OpReadDir:     {"readdir", qNode | qOff | qFlags, rCount | rData},
	OpGetXattr:    {"getxattr", qNode | qName, rData},
	OpListXattr:   {"listxattr", qNode, rData},
	OpSetXattr:    {"setxattr", qNode | qName | qFlags | qData, 0},
	OpRemoveXattr: {"removexattr", qNode | qName, 0},
	OpMounted:     {"mounted", qData, 0},
}

// shape of an op, ok if it is a request's.
func (o Op) shape() (s shape, ok bool) {
	if o == 0 || o >= lastRequest {
		return shape{}, false
	}
	return shapes[o], true
}

func (o Op) String() string {
	if s, ok := o.shape(); ok {
		return s.name
	}
	switch o {
	case OpShares:
		return "shares"
	case OpEvents:
		return "events"
	case OpReset:
		return "reset"
	}
	return fmt.Sprintf("op %d", uint8(o))
}
