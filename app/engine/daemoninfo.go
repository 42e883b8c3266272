package engine

import (
	"os"

	"github.com/wherry-app/wherry/app"
)

func daemonInfo(version string) app.Daemon { return app.Daemon{PID: os.Getpid(), Version: version} }
