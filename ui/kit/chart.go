package kit

import (
	"image"
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"golang.org/x/image/vector"

	"github.com/wherry-app/wherry/ui/look"
)

// Series is one line of a chart, oldest value first.
type Series struct {
	Values []float64
	Color  fyne.ThemeColorName
}

// Chart draws lines over time with the newest value at the right.
type Chart struct {
	widget.BaseWidget
	series []Series
	slots  int
	top    float64
	raster *canvas.Raster
	height float32
}

// NewChart makes a chart that has room for slots values.
func NewChart(slots int, height float32) *Chart {
	c := &Chart{slots: max(slots, 2), height: height}
	c.ExtendBaseWidget(c)
	return c
}

// Set shows lines. The scale goes to top, or to the largest value if that is higher or top is 0.
func (c *Chart) Set(top float64, series ...Series) {
	c.series, c.top = series, top
	for _, s := range series {
		for _, v := range s.Values {
			c.top = math.Max(c.top, v)
		}
	}
	if c.raster != nil {
		c.raster.Refresh()
	}
}

// MinSize has the height given at the start.
func (c *Chart) MinSize() fyne.Size { return fyne.NewSize(80, c.height) }

// CreateRenderer is for the toolkit.
func (c *Chart) CreateRenderer() fyne.WidgetRenderer {
	c.raster = canvas.NewRaster(c.draw)
	return widget.NewSimpleRenderer(c.raster)
}

func (c *Chart) draw(w, h int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	grid := color.RGBAModel.Convert(theme.Color(look.Line)).(color.RGBA)
	for i := range 4 {
		y := (h - 1) * i / 3
		for x := range w {
			img.SetRGBA(x, y, grid)
		}
	}
	if c.top <= 0 {
		return img
	}
	for _, s := range c.series {
		c.drawLine(img, s, w, h)
	}
	return img
}

func (c *Chart) drawLine(img *image.RGBA, s Series, w, h int) {
	n := len(s.Values)
	if n < 2 {
		return
	}
	scale := float32(w) / 300 // line width follows the pixel density roughly
	width := min(max(1.5*scale, 1.5), 3)
	at := func(i int) (float32, float32) {
		x := float32(w-1) * float32(c.slots-n+i) / float32(c.slots-1)
		y := float32(h-2) - float32(s.Values[i]/c.top)*float32(h-4)
		return x, y
	}
	col := nrgba(s.Color)

	area := vector.NewRasterizer(w, h)
	x0, _ := at(0)
	area.MoveTo(x0, float32(h))
	for i := range n {
		area.LineTo(at(i))
	}
	x1, _ := at(n - 1)
	area.LineTo(x1, float32(h))
	area.ClosePath()
	soft := col
	soft.A = 38
	area.Draw(img, img.Bounds(), image.NewUniform(soft), image.Point{})

	line := vector.NewRasterizer(w, h)
	for i := 1; i < n; i++ {
		ax, ay := at(i - 1)
		bx, by := at(i)
		dx, dy := bx-ax, by-ay
		l := float32(math.Hypot(float64(dx), float64(dy)))
		if l == 0 {
			continue
		}
		nx, ny := -dy/l*width/2, dx/l*width/2
		ex, ey := dx/l*width/4, dy/l*width/4
		line.MoveTo(ax-ex+nx, ay-ey+ny)
		line.LineTo(bx+ex+nx, by+ey+ny)
		line.LineTo(bx+ex-nx, by+ey-ny)
		line.LineTo(ax-ex-nx, ay-ey-ny)
		line.ClosePath()
	}
	line.Draw(img, img.Bounds(), image.NewUniform(col), image.Point{})
}

func nrgba(name fyne.ThemeColorName) color.NRGBA {
	return color.NRGBAModel.Convert(theme.Color(name)).(color.NRGBA)
}
