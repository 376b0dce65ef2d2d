/** The page that a link in a notification opens: one incident, and a button. It needs no script. */
import type { Incident } from '@weir/contracts'
import { inHtml } from './templates.ts'

export function linkPage({
  title,
  message,
  severity,
  topic,
  key,
  status,
  openedAt,
  ...rest
}: Incident): string {
  const since = new Date(openedAt).toISOString()
  const { acknowledgedBy, resolvedBy } = rest
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${inHtml(title)}</title>
<link rel="stylesheet" href="/incidents/link.css">
</head>
<body>
<main class="one">
<p class="badge" data-severity="${severity}">${severity}</p>
<h1>${inHtml(title)}</h1>
<p class="about">${inHtml(key)} in ${inHtml(topic)}, since <time datetime="${since}">${since.slice(0, 16).replace('T', ' ')} UTC</time></p>
<pre>${inHtml(message)}</pre>
${
  status === 'open'
    ? '<form method="post"><button type="submit">Acknowledge</button></form>'
    : `<p role="status">${status === 'resolved' ? `Resolved by ${inHtml(resolvedBy)}.` : `Acknowledged by ${inHtml(acknowledgedBy)}. It is not escalated any more.`}</p>`
}
</main>
</body>
</html>
`
}
