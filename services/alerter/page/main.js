/** The page: one snapshot a second goes to every panel. */
import { openStatus } from './kit/status.js'
import { openStream } from './kit/stream.js'
import { openThemeButton } from './kit/theme.js'
import { openFigures } from './panels/figures.js'
import { openIncidents } from './panels/incidents.js'
import { openSubscriptions } from './panels/subscriptions.js'
import { openTopics } from './panels/topics.js'

const status = openStatus(document)
const panels = [openFigures, openIncidents, openSubscriptions, openTopics].map((open) => open(document))

openThemeButton(document.getElementById('theme'), () => {})

openStream('live', {
  state: (state) => status.connection(state),
  snapshot: ({ time, data, trouble, stages }) => {
    status.trouble(trouble, time)
    if (!data) return
    for (const panel of panels) panel.show(data, stages, time)
  },
})
