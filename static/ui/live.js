// One WebSocket per tab. `data-live="job:12"` hears `live` when that changed, so `hx-trigger="live"` fetches it again.
// The socket says only that something changed; without it the same elements are refreshed by the clock.
const SLOWEST = 30_000
const POLL = 15_000

let socket = null
let tries = 0
let polling = 0
let waiting = 0

const watched = () => [...document.querySelectorAll('[data-live]')]
const topics = () => [...new Set(watched().flatMap((element) => element.dataset.live.split(/\s+/).filter(Boolean)))]

function tell(topic) {
  for (const element of watched()) {
    if (topic === null || element.dataset.live.split(/\s+/).includes(topic)) {
      element.dispatchEvent(new CustomEvent('live', { detail: { topic } }))
    }
  }
}

function connect() {
  if (socket || !topics().length) return
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
  socket = new WebSocket(`${scheme}://${location.host}/ws/live/`)
  socket.addEventListener('open', opened)
  socket.addEventListener('message', heard)
  socket.addEventListener('close', closed)
}

function opened() {
  const missed = tries > 0
  tries = 0
  note(false)
  subscribe()
  // What changed while the socket was away is not said again.
  if (missed) tell(null)
}

function subscribe() {
  if (socket?.readyState === WebSocket.OPEN && topics().length) {
    socket.send(JSON.stringify({ subscribe: topics() }))
  }
}

function heard(event) {
  const said = JSON.parse(event.data)
  if (said.changed) tell(said.changed)
}

function closed(event) {
  socket = null
  // 4401: signed out. Nothing to hear until the next page.
  if (event.code === 4401 || !topics().length) return
  tries += 1
  note(tries > 1)
  const pause = Math.min(SLOWEST, 500 * 2 ** tries) * (0.7 + Math.random() * 0.6)
  clearTimeout(waiting)
  waiting = setTimeout(connect, pause)
}

function note(away) {
  const line = document.querySelector('[data-offline]')
  if (line) line.hidden = !away
  clearInterval(polling)
  if (away) polling = setInterval(() => { if (!document.hidden) tell(null) }, POLL)
}

function refresh() {
  if (socket) subscribe()
  else connect()
}

document.addEventListener('htmx:load', refresh)
addEventListener('online', () => { tries = Math.max(1, tries); clearTimeout(waiting); connect() })
addEventListener('pagehide', () => { socket?.removeEventListener('close', closed); socket?.close(); socket = null })
addEventListener('pageshow', (event) => { if (event.persisted) connect() })
refresh()
