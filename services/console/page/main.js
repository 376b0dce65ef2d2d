/** The page: one snapshot a second goes to every panel. */
import { openStatus } from './kit/status.js'
import { openStream } from './kit/stream.js'
import { openThemeButton } from './kit/theme.js'
import { openFigures } from './panels/figures.js'
import { openFunctions } from './panels/functions.js'
import { openHealth } from './panels/health.js'
import { openLetters } from './panels/letters.js'
import { openSolutions } from './panels/solutions.js'
import { openStreams } from './panels/streams.js'
import { openTopics } from './panels/topics.js'

const status = openStatus(document)
const panels = [
  openFigures,
  openHealth,
  openSolutions,
  openStreams,
  openFunctions,
  openTopics,
  openLetters,
].map((open) => open(document))

openThemeButton(document.getElementById('theme'), () => {})

openStream('live', {
  state: (state) => status.connection(state),
  snapshot: ({ time, data, trouble, stages }) => {
    status.trouble(trouble, time)
    if (!data) return
    for (const panel of panels) panel.show(data, stages, time)
  },
})
