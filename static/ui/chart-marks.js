// What a chart shows besides its lines: thresholds, releases and the windows of alerts.

export function marks(stage, data, colour) {
  const bad = colour(stage, '--bad')
  const warn = colour(stage, '--warn')
  const ink = colour(stage, '--text-2')
  const font = (u) => `${11 * devicePixelRatio}px ${getComputedStyle(stage).fontFamily}`

  function windows(u) {
    const { left, top, width, height } = u.bbox
    for (const one of data.windows) {
      const from = Math.max(left, u.valToPos(one.start, 'x', true))
      const to = Math.min(left + width, u.valToPos(one.end, 'x', true))
      if (to <= from) continue
      u.ctx.save()
      u.ctx.globalAlpha = 0.1
      u.ctx.fillStyle = bad
      u.ctx.fillRect(from, top, to - from, height)
      u.ctx.restore()
    }
  }

  function thresholds(u) {
    for (const one of data.thresholds) {
      const y = u.valToPos(one.value, 'y', true)
      stroke(u, warn, [5, 4], [u.bbox.left, y], [u.bbox.left + u.bbox.width, y])
    }
  }

  /** From the newest back; a label that would run into the next one is left to the tooltip. */
  function markers(u) {
    let free = Infinity
    for (const one of [...data.markers].sort((a, b) => b.time - a.time)) {
      const x = u.valToPos(one.time, 'x', true)
      if (x < u.bbox.left || x > u.bbox.left + u.bbox.width) continue
      stroke(u, ink, [2, 2], [x, u.bbox.top], [x, u.bbox.top + u.bbox.height])
      free = label(u, one.label, x, free)
    }
  }

  /** Above its line, and turned to the left where the right edge is near; where labels are in the way from now on. */
  function label(u, text, x, free) {
    u.ctx.save()
    u.ctx.font = font(u)
    const { width } = u.ctx.measureText(text)
    const from = x + width > u.bbox.left + u.bbox.width ? x - width : x
    const fits = from + width + 4 * devicePixelRatio < free
    if (fits) {
      u.ctx.fillStyle = ink
      u.ctx.textAlign = 'left'
      u.ctx.fillText(text, from, u.bbox.top - 4 * devicePixelRatio)
    }
    u.ctx.restore()
    return fits ? from : free
  }

  return { drawClear: [windows], draw: [thresholds, markers] }
}

function stroke(u, colour, dash, from, to) {
  u.ctx.save()
  u.ctx.strokeStyle = colour
  u.ctx.lineWidth = 1.5 * devicePixelRatio
  u.ctx.setLineDash(dash.map((length) => length * devicePixelRatio))
  u.ctx.beginPath()
  u.ctx.moveTo(...from)
  u.ctx.lineTo(...to)
  u.ctx.stroke()
  u.ctx.restore()
}
