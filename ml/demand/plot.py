"""The price-response plot, as SVG."""

WIDTH, HEIGHT, GAP = 420, 300, 60
# Between the lines of demand.
TICK = 0.25
COLORS = {'line': '#1f6feb', 'point': '#b45309', 'axis': '#6b7280', 'text': '#374151'}


def price_plot(response, groups):
    """Draws predicted demand over all prices, and predictions beside sales in ranges of the price."""
    left = Panel(GAP, 'Price, relative to that of the hour', 'Predicted demand, relative',
                 [(point['factor'], point['demand']) for point in response])
    prices = [group['priceToUsual'] for group in groups]
    right = Panel(2 * GAP + WIDTH, 'Price, relative to the usual one', 'Pairs, relative to usual',
                  list(zip(prices, (group['predicted'] for group in groups))),
                  [(group['priceToUsual'], group['sold'], group['soldError']) for group in groups])
    width, height = 2 * (WIDTH + GAP) + 20, HEIGHT + 100
    return '\n'.join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>', *left.draw(), *right.draw(),
        f'<text x="{GAP}" y="{height - 12}" fill="{COLORS["text"]}">Line: the model. '
        'Points: sold in the held-back weeks, with the 95 % interval of chance.</text>',
        '</svg>', ''])


class Panel:
    def __init__(self, x, across, up, line, points=()):
        self.x, self.across, self.up, self.line, self.points = x, across, up, line, points
        xs = [x for x, _ in line]
        ys = [0, *(y for _, y in line), *(y + error for _, y, error in points)]
        self.low, self.high, self.top = min(xs), max(xs), max(ys) * 1.05

    def at(self, x, y):
        return (self.x + (x - self.low) / (self.high - self.low) * WIDTH, 30 + HEIGHT * (1 - y / self.top))

    def draw(self):
        text, axis = COLORS['text'], COLORS['axis']
        yield f'<text x="{self.x}" y="18" fill="{text}">{self.up}</text>'
        yield (f'<text x="{self.x + WIDTH / 2}" y="{HEIGHT + 66}" fill="{text}" text-anchor="middle">'
               f'{self.across}</text>')
        for step in range(int(self.top / TICK) + 1):
            _, y = self.at(self.low, step * TICK)
            yield f'<path d="M{self.x} {y:.1f}h{WIDTH}" stroke="#e5e7eb"/>'
            yield f'<text x="{self.x - 6}" y="{y + 4:.1f}" fill="{axis}" text-anchor="end">{step * TICK:.2f}</text>'
        for value in (self.low + (self.high - self.low) * step / 4 for step in range(5)):
            x, _ = self.at(value, 0)
            yield f'<text x="{x:.1f}" y="{HEIGHT + 48}" fill="{axis}" text-anchor="middle">{value:.2f}</text>'
        path = 'L'.join('{:.1f} {:.1f}'.format(*self.at(x, y)) for x, y in self.line)
        yield f'<path d="M{path}" fill="none" stroke="{COLORS["line"]}" stroke-width="2"/>'
        for x, y, error in self.points:
            (across, up), (_, high), (_, low) = self.at(x, y), self.at(x, y + error), self.at(x, y - error)
            yield f'<path d="M{across:.1f} {low:.1f}V{high:.1f}" stroke="{COLORS["point"]}"/>'
            yield f'<circle cx="{across:.1f}" cy="{up:.1f}" r="4" fill="{COLORS["point"]}"/>'
