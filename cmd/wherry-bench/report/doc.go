// Package report holds the figures of a benchmark run: their statistics, whether they meet their aims, and how they are
// shown: as a table and a chart for people, as JSON for programs. It measures nothing. Its values are not safe for
// concurrent use.
package report
