// Ctrl-K: one search over pages, records and actions.
import { attach, icon } from './attach.js'

const WAIT = 120

attach('[data-palette]', (dialog) => {
  const input = dialog.querySelector('input')
  const list = dialog.querySelector('[role="listbox"]')
  const note = dialog.querySelector('[data-palette-note]')
  const start = note.textContent
  let back = null
  let timer = 0
  let asked = null
  // What the arrows chose stays chosen when more results come; Enter before they came opens the first of them.
  let chosen = ''
  let hurry = false

  function open() {
    if (dialog.open) return dialog.close()
    if (document.querySelector('dialog[open]')) return
    back = document.activeElement
    dialog.showModal()
    input.select()
    search()
  }

  async function search() {
    clearTimeout(timer)
    timer = 0
    asked?.abort()
    asked = new AbortController()
    const { signal } = asked
    const url = `${dialog.dataset.palette}?${new URLSearchParams({ q: input.value.trim() })}`
    try {
      const answer = await fetch(url, { signal, headers: { Accept: 'application/json' } })
      if (!answer.ok) throw new Error(String(answer.status))
      const { results } = await answer.json()
      if (signal.aborted) return
      asked = null
      show(results)
    } catch (error) {
      if (error.name === 'AbortError') return
      asked = null
      hurry = false
      say('The search did not answer. Try again in a moment.')
    }
  }

  function show(results) {
    list.replaceChildren(...grouped(results))
    const options = [...list.querySelectorAll('[role="option"]')]
    select(options.find((option) => option.dataset.url === chosen) ?? options[0])
    if (hurry) go(options[0], false)
    hurry = false
    if (results.length) say('')
    else say(input.value.trim() ? `Nothing you may see matches “${input.value.trim()}”.` : start)
  }

  function say(text) {
    note.textContent = text
    note.hidden = !text
    if (text) list.replaceChildren()
  }

  function select(option) {
    list.querySelector('[aria-selected="true"]')?.setAttribute('aria-selected', 'false')
    option?.setAttribute('aria-selected', 'true')
    option?.scrollIntoView({ block: 'nearest' })
    if (option) input.setAttribute('aria-activedescendant', option.id)
    else input.removeAttribute('aria-activedescendant')
  }

  function step(by) {
    const all = [...list.querySelectorAll('[role="option"]')]
    if (!all.length) return
    const at = all.findIndex((option) => option.getAttribute('aria-selected') === 'true')
    const next = all[(at + by + all.length) % all.length]
    chosen = next.dataset.url
    select(next)
  }

  function go(option, elsewhere) {
    if (!option) return
    if (elsewhere) window.open(option.dataset.url, '_blank', 'noopener')
    else location.assign(option.dataset.url)
    dialog.close()
  }

  input.addEventListener('input', () => {
    chosen = ''
    clearTimeout(timer)
    timer = setTimeout(search, WAIT)
  })
  input.addEventListener('keydown', (event) => {
    const steps = { ArrowDown: 1, ArrowUp: -1 }
    if (event.key in steps) {
      event.preventDefault()
      step(steps[event.key])
    }
    if (event.key === 'Enter') {
      event.preventDefault()
      const waiting = (timer || asked) && !chosen
      if (timer && waiting) search()
      if (waiting) hurry = true
      else go(list.querySelector('[aria-selected="true"]'), event.ctrlKey || event.metaKey)
    }
  })
  list.addEventListener('click', (event) => go(event.target.closest('[role="option"]'), event.ctrlKey || event.metaKey))
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close()
  })
  dialog.addEventListener('close', () => back?.focus())
  document.addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault()
      open()
    }
  })
  document.addEventListener('click', (event) => {
    if (event.target.closest('[data-palette-open]')) open()
  })
})

function grouped(results) {
  const groups = Map.groupBy ? Map.groupBy(results, (hit) => hit.group) : collect(results)
  let count = 0
  return [...groups].map(([name, hits], at) => {
    const group = document.createElement('div')
    const title = document.createElement('div')
    group.setAttribute('role', 'group')
    group.setAttribute('aria-labelledby', `palette-group-${at}`)
    title.id = `palette-group-${at}`
    title.className = 'palette-group'
    title.textContent = name
    group.append(title, ...hits.map((hit) => option(hit, count++)))
    return group
  })
}

function collect(results) {
  const groups = new Map()
  for (const hit of results) groups.set(hit.group, [...(groups.get(hit.group) ?? []), hit])
  return groups
}

function option(hit, at) {
  const line = document.createElement('div')
  const title = document.createElement('span')
  const hint = document.createElement('span')
  line.id = `palette-option-${at}`
  line.className = 'palette-item'
  line.dataset.url = hit.url
  line.setAttribute('role', 'option')
  line.setAttribute('aria-selected', 'false')
  title.className = 'truncate'
  title.textContent = hit.title
  hint.className = 'meta truncate'
  hint.textContent = hit.hint
  line.append(icon(hit.icon || 'arrow-right'), title, hint)
  return line
}
