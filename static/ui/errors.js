// The two ways on from a page that says what went wrong.
document.addEventListener('click', (event) => {
  if (event.target.closest('[data-reload]')) location.reload()
  if (event.target.closest('[data-back]')) history.length > 1 ? history.back() : location.assign('/')
})

document.querySelector('a[data-follow]')?.click()
