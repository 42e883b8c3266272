package app

// Names says how containers are reached by name.
type Names struct {
	// HTTP and HTTPS are addresses of this host's loopback, empty where names do not answer.
	HTTP  string     `json:"http,omitempty"`
	HTTPS string     `json:"https,omitempty"`
	Hosts []HostName `json:"hosts,omitempty"`
	// Error and Hint are set when names do not answer, although they are switched on.
	Error string `json:"error,omitempty"`
	Hint  string `json:"hint,omitempty"`
}

// HostName is a name that leads to a container.
type HostName struct {
	Host      string `json:"host"`
	URL       string `json:"url"`
	Container string `json:"container"`
	// Port in the container, 0 if it is not known to have one for the web.
	Port uint16 `json:"port,omitempty"`
}
