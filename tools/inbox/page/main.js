/** The page: the list of messages once a second, and the message that the address names. */
import { openStatus } from './kit/status.js'
import { openStream } from './kit/stream.js'
import { openThemeButton } from './kit/theme.js'
import { openList } from './panels/list.js'
import { openMessage } from './panels/message.js'

const status = openStatus(document)
const list = openList(document)
openMessage(document, (id) => list.choose(id))

openThemeButton(document.getElementById('theme'), () => {})

openStream('live', {
  state: (state) => status.connection(state),
  snapshot: ({ time, data, trouble }) => {
    status.trouble(trouble, time)
    list.show(data)
  },
})
