// Native dialogs: `data-dialog="id"` opens one, `data-dialog-close` inside closes it. The browser keeps the focus.
document.addEventListener('click', (event) => {
  const opener = event.target.closest('[data-dialog]')
  if (opener) open(opener, event)
  const closer = event.target.closest('[data-dialog-close]')
  if (closer) closer.closest('dialog')?.close()
  if (event.target.matches?.('dialog.dialog')) closeOutside(event)
})

function open(opener, event) {
  const dialog = document.getElementById(opener.dataset.dialog)
  if (!dialog || opener.getAttribute('aria-disabled') === 'true') return
  event.preventDefault() // A link leads to a page that asks the same without JavaScript.
  // A menu closes after the click and its button is gone from sight: focus goes back to the menu's own button.
  const menu = opener.closest('[popover]')
  const back = menu ? document.querySelector(`[popovertarget="${menu.id}"]`) : opener
  dialog.addEventListener('close', () => back?.focus(), { once: true })
  dialog.showModal()
}

function closeOutside(event) {
  const box = event.target.getBoundingClientRect()
  const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom
  // A key press on a button inside has no place on the screen and closes nothing.
  if (!inside && event.detail > 0) event.target.close()
}
