/** The templates of topics that have none of their own. */
import type { Medium } from './templates.ts'

export const DEFAULTS: Readonly<Record<Medium, string>> = {
  subject: `{% case event %}{% when 'resolved' %}Resolved: {% when 'escalated' %}Not acknowledged: {% when 'updated' %}Update: {% endcase %}{{ title }}`,
  text: `{{ title }}
{{ severity | upcase }}, {{ event }}: {{ key }} in {{ topic }}, since {{ openedAt }}

{{ message }}
{% if event == 'resolved' %}
Resolved by {{ resolvedBy }}.
{% elsif acknowledgedBy %}
Acknowledged by {{ acknowledgedBy }}.
{% elsif link %}
Acknowledge it: {{ link }}
{% endif %}`,
  html: `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title></head>
<body style="margin:0;padding:16px;font:16px/1.5 system-ui,sans-serif">
<h1 style="margin:0 0 4px;font-size:20px">{{ title }}</h1>
<p style="margin:0 0 16px"><strong>{{ severity | upcase }}</strong>, {{ event }}: {{ key }} in {{ topic }}, since {{ openedAt }}</p>
<p style="margin:0 0 16px;white-space:pre-wrap">{{ message }}</p>
{% if event == 'resolved' %}<p>Resolved by {{ resolvedBy }}.</p>
{% elsif acknowledgedBy %}<p>Acknowledged by {{ acknowledgedBy }}.</p>
{% elsif link %}<p><a href="{{ link }}">Acknowledge it</a></p>{% endif %}
</body></html>
`,
  sms: `{% if event == 'resolved' %}Resolved: {% endif %}{{ title | truncate: 100 }} ({{ severity }}){% if link and event != 'resolved' %} {{ link }}{% endif %}`,
  json: `{
  "incident": {{ id }}, "event": {{ event }}, "key": {{ key }}, "topic": {{ topic }}, "status": {{ status }},
  "severity": {{ severity }}, "title": {{ title }}, "message": {{ message }}, "openedAt": {{ openedAt }},
  "alerts": {{ alerts }}, "acknowledgedBy": {{ acknowledgedBy }}, "resolvedBy": {{ resolvedBy }},
  "acknowledgeUrl": {{ link }}
}`,
}
