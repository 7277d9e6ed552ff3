// Arrow keys inside a menu, a filter over long ones, and closing after a choice.
import { attach } from './attach.js'

const STEPS = { ArrowDown: 1, ArrowUp: -1 }

attach('.menu[popover]', (menu) => {
  const items = () => [...menu.querySelectorAll('.menu-item:not([hidden])')]

  // The browser itself moves the focus there when the menu opens.
  ;(menu.querySelector('[data-menu-filter]') ?? items()[0])?.setAttribute('autofocus', '')
  menu.addEventListener('keydown', (event) => {
    const all = items()
    if (!all.length) return
    const at = all.indexOf(document.activeElement)
    if (event.key in STEPS) move(all, (at + STEPS[event.key] + all.length) % all.length, event)
    if (event.key === 'Home' && at >= 0) move(all, 0, event)
    if (event.key === 'End' && at >= 0) move(all, all.length - 1, event)
  })
  menu.addEventListener('click', (event) => {
    if (event.target.closest('button.menu-item')) menu.hidePopover()
  })
  menu.querySelector('[data-menu-filter]')?.addEventListener('input', (event) => {
    const wanted = event.target.value.toLowerCase()
    for (const item of menu.querySelectorAll('.menu-item')) {
      item.hidden = !item.textContent.toLowerCase().includes(wanted)
    }
  })
})

function move(all, to, event) {
  event.preventDefault()
  all[to].focus()
}
