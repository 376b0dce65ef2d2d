/** The live stream of snapshots: comes back by itself, and says how it is. */

const SILENCE_MS = 4000
const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 15_000

/**
 * @typedef {'connecting' | 'live' | 'late' | 'broken' | 'signed-out'} State
 * @param {{ snapshot(snapshot: object): void, state(state: State): void }} viewer
 *   late: the stream is open and silent; broken: it is closed and will be opened again;
 *   signed-out: the key is not valid any more, and nothing follows
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
      // The browser repeats a lost connection but not a refused one (503 while the server stops or has too
      // many viewers): both are repeated here.
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
   * An EventSource does not tell why it was refused, and would have the browser ask for a password out of the
   * blue.
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
