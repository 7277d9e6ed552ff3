// Draws a chart again over the server's picture, to be explored: zoom by dragging, read by pointer or arrow keys.
// Without the library the server's picture stays, and the table is behind both.
import { marks } from './chart-marks.js'

const GROUPS = new Map()
// As the classes dash-3 to dash-6 of components.css; the first two colours differ enough without.
const DASHES = [[], [], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4]]
const ZONE = document.documentElement.dataset.zone || undefined
let library

export async function draw(figure) {
  const script = figure.querySelector('script[type="application/json"]')
  if (!script || !figure.dataset.library || figure.dataset.drawn) return
  figure.dataset.drawn = 'true'
  try {
    await load(figure.dataset.library)
  } catch {
    return
  }
  const chart = explore(figure, JSON.parse(script.textContent))
  if (figure.dataset.source) refine(figure, chart)
}

/** The page holds a thinned chart; the whole of it comes after the first paint. */
async function refine(figure, chart) {
  const answer = await fetch(figure.dataset.source, { headers: { Accept: 'application/json' } })
  if (answer.ok) chart.replace(await answer.json())
}

function load(url) {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement('script')
    script.src = url
    script.addEventListener('load', resolve)
    script.addEventListener('error', reject)
    document.head.append(script)
  })
  return library
}

function explore(figure, given) {
  const stage = figure.querySelector('.chart-stage')
  const reset = figure.querySelector('[data-chart-reset]')
  let data = given
  let plot = null

  function build() {
    const range = plot && zoomed(plot) ? { ...plot.scales.x } : null
    plot?.destroy()
    plot = new window.uPlot(options(stage, data, hooks()), table(data), stage)
    stage.querySelector(':scope > svg')?.remove()
    if (range) plot.setScale('x', range)
  }

  function hooks() {
    return {
      setCursor: (u) => read(figure, u, data),
      setScale: (u, name) => { if (name === 'x') scaled(u) },
    }
  }

  function scaled(u) {
    reset.hidden = !zoomed(u)
    const { min, max } = u.scales.x
    for (const other of peers(figure)) {
      if (other !== u && other.scales.x.min !== min) other.setScale('x', { min, max })
    }
    figure.dispatchEvent(new CustomEvent('brush', { bubbles: true, detail: { from: min, to: max } }))
  }

  build()
  join(figure, () => plot)
  reset.addEventListener('click', () => showAll(plot))
  stage.addEventListener('keydown', (event) => keys(event, plot))
  // The server's picture was decoration beside its table; this one takes keys and says what it reads.
  stage.tabIndex = 0
  stage.setAttribute('role', 'group')
  stage.setAttribute('aria-label', `${data.title}: arrow keys read the values, with Shift they select a span, Enter zooms into it, Escape shows all`)
  stage.addEventListener('blur', () => plot.setCursor({ left: -10, top: -10 }))
  new ResizeObserver(() => plot.setSize(size(stage))).observe(stage)
  document.addEventListener('theme', build)
  return { replace(whole) { data = whole; build() } }
}

const size = (stage) => ({ width: stage.clientWidth, height: stage.clientHeight })
const table = (data) => [data.times, ...data.series.map((line) => line.values)]
const ends = (u) => [u.data[0][0], u.data[0][u.data[0].length - 1]]
const showAll = (u) => { const [min, max] = ends(u); u.setScale('x', { min, max }) }

function zoomed(u) {
  const [first, last] = ends(u)
  return u.scales.x.min > first || u.scales.x.max < last
}

function join(figure, plot) {
  const name = figure.dataset.chartGroup
  if (!name) return
  GROUPS.set(name, [...(GROUPS.get(name) ?? []).filter((one) => one.figure.isConnected), { figure, plot }])
}

const peers = (figure) => (GROUPS.get(figure.dataset.chartGroup) ?? []).filter((one) => one.figure.isConnected).map((one) => one.plot())

/** The value of a token as a colour that a canvas understands. */
export function colour(host, token) {
  const probe = document.createElement('span')
  probe.hidden = true
  probe.style.color = `var(${token})`
  host.append(probe)
  const found = getComputedStyle(probe).color
  probe.remove()
  return found
}

function options(stage, data, hooks) {
  const ink = colour(stage, '--text-3')
  const grid = { stroke: colour(stage, '--line'), width: 1 }
  const font = `11px ${getComputedStyle(stage).fontFamily}`
  const axis = { stroke: ink, font, grid, ticks: { show: false } }
  const group = stage.closest('[data-chart]').dataset.chartGroup
  return {
    ...size(stage),
    legend: { show: false },
    tzDate: (time) => window.uPlot.tzDate(new Date(time * 1000), ZONE ?? 'UTC'),
    padding: [data.markers.length ? 16 : 8, 8, 0, 0],
    cursor: {
      drag: { x: true, y: false, setScale: true },
      points: { size: 6 },
      sync: group ? { key: group } : undefined,
    },
    scales: { x: { time: data.over === 'time' }, y: { range: (u, low, high) => span(data, low, high) } },
    series: [{}, ...data.series.map((line, at) => ({
      label: line.label,
      stroke: colour(stage, `--series-${at % 6 + 1}`),
      width: 1.5,
      dash: DASHES[at % 6],
      points: { show: false },
      spanGaps: false,
    }))],
    axes: [
      { ...axis, size: 28, space: 72, values: (u, splits, at, room, step) => splits.map((time) => (data.over === 'time' ? moment(time, step) : short(time))) },
      { ...axis, size: 52, space: 32, values: (u, splits) => splits.map(short) },
    ],
    hooks: { setCursor: [hooks.setCursor], setScale: [hooks.setScale], ...marks(stage, data, colour) },
  }
}

/** A little air above and below, and every threshold in sight. */
function span(data, low, high) {
  const seen = [low, high, ...data.thresholds.map((one) => one.value)].filter((value) => value != null)
  if (!seen.length) return [0, 1]
  const [least, most] = [Math.min(...seen), Math.max(...seen)]
  const air = (most - least) * 0.08 || Math.abs(most) * 0.1 || 1
  return [least >= 0 && least - air < 0 ? 0 : least - air, most + air]
}

function read(figure, u, data) {
  const at = u.cursor.idx
  const line = figure.querySelector('[data-chart-read]')
  const values = figure.querySelectorAll('[data-chart-value]')
  data.series.forEach((series, n) => {
    if (values[n]) values[n].textContent = at == null ? '' : said(series.values[at], data.unit)
  })
  if (at == null) return void (line.textContent = '')
  const near = data.markers.filter((mark) => Math.abs(u.valToPos(mark.time, 'x') - u.valToPos(data.times[at], 'x')) < 4)
  const within = data.windows.filter((one) => one.start <= data.times[at] && data.times[at] <= one.end)
  const notes = [...near, ...within].map((one) => one.label)
  line.textContent = [data.over === 'time' ? exact(data.times[at]) : `${data.axis || 'Step'} ${data.times[at]}`, ...data.series.map((one) => `${one.label} ${said(one.values[at], data.unit)}`), ...notes].join(' · ')
}

/** Arrow keys move by one hundredth of what is shown, at least by one value. */
function keys(event, u) {
  const steps = { ArrowRight: 1, ArrowLeft: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity }
  if (event.key === 'Escape') return clear(event, u)
  if (event.key === 'Enter') return zoom(event, u)
  if (!(event.key in steps)) return
  event.preventDefault()
  const [from, to] = shown(u)
  const now = u.cursor.idx ?? (steps[event.key] > 0 ? from : to)
  const stride = Math.max(1, Math.round((to - from) / 100))
  const next = Math.min(to, Math.max(from, now + steps[event.key] * stride))
  const left = u.valToPos(u.data[0][next], 'x')
  if (event.shiftKey) select(u, u.valToPos(u.data[0][now], 'x'), left)
  else u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
  u.setCursor({ left, top: u.over.clientHeight / 2 })
}

function shown(u) {
  return [u.valToIdx(u.scales.x.min), u.valToIdx(u.scales.x.max)]
}

function select(u, was, is) {
  const anchor = u.select.width ? (Math.abs(u.select.left - was) < 1 ? u.select.left + u.select.width : u.select.left) : was
  u.setSelect({ left: Math.min(anchor, is), width: Math.abs(anchor - is), top: 0, height: u.over.clientHeight }, false)
}

function zoom(event, u) {
  if (u.select.width < 2) return
  event.preventDefault()
  const [min, max] = [u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x')]
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
  u.setScale('x', { min, max })
}

function clear(event, u) {
  if (!zoomed(u) && !u.select.width) return
  event.stopPropagation()
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
  showAll(u)
}

const said = (value, unit) => (value == null ? 'no value' : `${short(value)}${unit ? ` ${unit}` : ''}`)
const exact = (time) => format(time, { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit' })

function short(value) {
  const step = [[1e12, ' T'], [1e9, ' G'], [1e6, ' M'], [1e3, ' k']].find(([size]) => Math.abs(value) >= size)
  return step ? `${Number((value / step[0]).toPrecision(3))}${step[1]}` : String(Number(value.toPrecision(3)))
}

function moment(time, step) {
  const clock = format(time, { hour: '2-digit', minute: '2-digit', second: step < 60 ? '2-digit' : undefined })
  return step >= 86400 || clock === '00:00' ? format(time, { day: 'numeric', month: 'short' }) : clock
}

/** In the zone that the person chose, in the one way of writing that all pages use. */
function format(time, parts) {
  return new Date(time * 1000).toLocaleString('en-GB', { ...parts, timeZone: ZONE, hourCycle: 'h23' })
}
