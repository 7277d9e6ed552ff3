// Up and down (or k and j) move between the rows of a table, Enter opens the row's first link.
import { attach } from './attach.js'

const STEPS = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }

attach('table[data-table]', (table) => {
  const rows = () => [...table.tBodies].flatMap((body) => [...body.rows])

  table.addEventListener('keydown', (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest('input, select, textarea')) return
    const row = event.target.closest('tbody tr')
    if (event.key in STEPS && row) step(rows(), row, STEPS[event.key], event)
    if (event.key === 'Enter' && event.target === row) row.querySelector('a[href]')?.click()
  })
  // The row itself takes the focus only once the keys are used, so the way by Tab stays short.
  function step(all, row, by, event) {
    const next = all[all.indexOf(row) + by]
    if (!next) return
    event.preventDefault()
    row.removeAttribute('tabindex')
    next.tabIndex = -1
    next.focus()
    next.scrollIntoView({ block: 'nearest' })
  }
})
