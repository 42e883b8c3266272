package engine

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/forwarder/ports"
	"github.com/wherry-app/wherry/vmhost/statefile"
)

// fallAsleep keeps the front open beside a saved machine.
func (o *owner) fallAsleep() {
	if err := o.keepRules(); err != nil {
		o.log.Warn("the published ports will not be known to another daemon", "error", err)
	}
	o.front.sleep()
}

// goOnSleeping opens the front beside a machine that an earlier daemon has saved.
func (o *owner) goOnSleeping() {
	if err := o.front.offer(); err != nil {
		o.log.Error("a suspended engine cannot be woken by its clients", "error", err)
		o.snap.Warnings = append(o.snap.Warnings, *app.InfoOf(app.Errorf("run `wherry start`", "clients cannot wake the engine: %w", err)))
		return
	}
	rules, err := loadRules(o.cfg.Home.SavedRules())
	if err != nil {
		o.log.Warn("published ports of a suspended engine are not known", "error", err)
	}
	o.snap.Ports = o.front.apply(rules)
	o.front.sleep()
}

// keepRules writes down what is published while the machine is saved.
func (o *owner) keepRules() error {
	rules := []ports.Rule{}
	if st := o.front.shop(); st != nil {
		for _, s := range st.manager.Status() {
			rules = append(rules, s.Rule)
		}
	}
	b, err := json.Marshal(rules)
	if err != nil {
		return err
	}
	return statefile.WriteFile(o.cfg.Home.SavedRules(), b)
}

// loadRules reads what keepRules wrote.
func loadRules(path string) ([]ports.Rule, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var rules []ports.Rule
	return rules, json.Unmarshal(b, &rules)
}
