// Package icons holds the app's own icons as SVG: line icons of 24 by 24 drawn with currentColor, the app's icon and the
// tray's icon per state.
package icons
