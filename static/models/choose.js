// Runs chosen for comparison: the button says how many, and waits for two.
import { attach } from '../ui/attach.js'

attach('form[data-choose]', (form) => {
  const most = Number(form.dataset.choose)
  const button = document.querySelector(`button[form="${form.id}"]`)
  const words = button.querySelector('span') ?? button.lastChild
  const verb = words.textContent.trim()

  function count() {
    const boxes = [...form.elements].filter((element) => element.type === 'checkbox')
    const chosen = boxes.filter((box) => box.checked).length
    words.textContent = chosen ? `${verb} ${chosen}` : verb
    for (const box of boxes) box.disabled = chosen >= most && !box.checked
    button.setAttribute('aria-disabled', String(chosen < 2))
  }

  document.addEventListener('change', (event) => { if (event.target.form === form) count() })
  form.addEventListener('submit', (event) => { if (button.getAttribute('aria-disabled') === 'true') event.preventDefault() })
  count()
})
