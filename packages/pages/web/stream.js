/** The live stream of snapshots. It reconnects by itself and reports its state. */

const SILENCE_MS = 4000
const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 15_000

/**
 * @typedef {'connecting' | 'live' | 'late' | 'broken' | 'signed-out'} State
 * @param {{ snapshot(snapshot: object): void, state(state: State): void }} viewer
 * late: the stream is open but silent; broken: it is closed and will be reopened;
 * signed-out: the key is no longer valid, and no reconnect follows
 */
export function openStream(url, viewer) {
  let pause = FIRST_PAUSE_MS
  let silence

  const heard = () => {
    clearTimeout(silence)
    silence = setTimeout(() => viewer.state('late'), SILENCE_MS)
  }

  const open = () => {
    const source = new EventSource(url)
    source.addEventListener('snapshot', ({ data }) => {
      pause = FIRST_PAUSE_MS
      heard()
      viewer.state('live')
      viewer.snapshot(JSON.parse(data))
    })
    source.addEventListener('end', ({ data }) => {
      source.close()
      clearTimeout(silence)
      if (JSON.parse(data).code === 'unauthorized') viewer.state('signed-out')
      else reopen()
    })
    source.addEventListener('error', () => {
      clearTimeout(silence)
      // The browser retries a lost connection but not a refused one (503 while the server stops or has too
      // many viewers). The page retries both.
      source.close()
      reopen()
    })
  }

  const reopen = () => {
    viewer.state('broken')
    setTimeout(openIfSignedIn, pause)
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS)
  }

  /**
   * An EventSource does not report why it was refused, and would make the browser ask for a password without
   * warning.
   */
  const openIfSignedIn = async () => {
    try {
      const { status } = await fetch('session', { cache: 'no-store' })
      if (status === 401) viewer.state('signed-out')
      else open()
    } catch {
      reopen()
    }
  }

  viewer.state('connecting')
  open()
}
