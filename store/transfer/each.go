package transfer

import (
	"context"

	"github.com/cairnstore/cairn/store/internal/group"
)

// Each calls f for every item, at most limit at once, starting in their order.
// The first failure cancels the rest and is returned.
func Each[T any](ctx context.Context, limit int, items []T, f func(context.Context, T) error) error {
	g, ctx := group.WithContext(ctx)
	g.SetLimit(limit)
	var skipped error // where ctx ended before it was the turn of all
	for _, item := range items {
		if skipped = ctx.Err(); skipped != nil {
			break
		}
		g.Go(func() error { return f(ctx, item) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return skipped
}
