package control_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/wherry-app/wherry/linuxvm/control"
)

// configurable is a guest whose dockerd can be configured.
type configurable struct {
	control.Guest
	got []control.DockerConfig
}

func (c *configurable) ConfigureDocker(_ context.Context, d control.DockerConfig) (bool, error) {
	if len(d.RegistryMirrors) > 1 {
		return false, errors.New("too many mirrors")
	}
	c.got = append(c.got, d)
	return d.CA != nil, nil
}

func TestConfigureDockerOverTheLink(t *testing.T) {
	guest := &configurable{Guest: newFakeGuest()}
	client, _ := overLink(t, guest)
	ca, none := "-----BEGIN CERTIFICATE-----", ""
	want := []control.DockerConfig{
		{RegistryMirrors: []string{"https://m"}, InsecureRegistries: []string{"r:5000", "10.0.0.0/8"}, CA: &ca}, {CA: &none}, {},
	}
	for _, c := range want {
		restarted, err := client.ConfigureDocker(t.Context(), c)
		if err != nil || restarted != (c.CA != nil) {
			t.Errorf("%+v: %v, %v", c, restarted, err)
		}
	}
	if !reflect.DeepEqual(guest.got, want) {
		t.Errorf("got %+v, want %+v", guest.got, want)
	}
	if _, err := client.ConfigureDocker(t.Context(), control.DockerConfig{RegistryMirrors: []string{"a", "b"}}); err == nil || errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a refusal: %v", err)
	}
	plain, _ := overLink(t, plainGuest{newFakeGuest()})
	if _, err := plain.ConfigureDocker(t.Context(), control.DockerConfig{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("an agent that cannot: %v", err)
	}
}
