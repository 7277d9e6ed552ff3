// Keeps "3 min ago" true while the page stays open. Says times as apps/core/ui/times.py does.
const MINUTE = 60
const HOUR = 3600
const DAY = 86400

export function relative(moment, now = Date.now()) {
  const seconds = (now - moment) / 1000
  const span = Math.abs(seconds)
  if (span < 45) return seconds >= 0 ? 'just now' : 'in a moment'
  if (span >= 14 * DAY) return null
  const said = length(span)
  return seconds > 0 ? `${said} ago` : `in ${said}`
}

function length(seconds) {
  if (seconds < 90 * MINUTE) return `${Math.max(1, Math.round(seconds / MINUTE))} min`
  if (seconds < 36 * HOUR) return `${Math.round(seconds / HOUR)} h`
  return `${Math.round(seconds / DAY)} d`
}

function refresh() {
  if (document.hidden) return
  for (const time of document.querySelectorAll('time[data-when]')) {
    const said = relative(Date.parse(time.dateTime))
    if (said && said !== time.textContent) time.textContent = said
  }
}

setInterval(refresh, 20_000)
document.addEventListener('visibilitychange', refresh)
