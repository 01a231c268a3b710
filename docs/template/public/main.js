// What the template of the site leaves out for readers who see little or have no mouse.

const themes = 'a[title="Change theme"]'

/** Names and roles; parts of a page are made after it was loaded. */
const describe = () => {
  document.getElementById('logo')?.setAttribute('alt', '')
  for (const [id, name] of [['autocollapse', 'Site'], ['breadcrumb', 'Place'], ['toc', 'Contents'], ['affix', 'This page']]) {
    document.getElementById(id)?.setAttribute('aria-label', name)
  }
  const below = document.querySelector('article h2') ? 'h5' : 'h5, article h3'
  for (const heading of document.querySelectorAll(below)) {
    heading.setAttribute('role', 'heading')
    heading.setAttribute('aria-level', '2')
  }
  const theme = document.querySelector(themes)
  if (theme && !theme.hasAttribute('role')) {
    theme.setAttribute('role', 'button')
    theme.setAttribute('aria-label', 'Change theme')
    theme.tabIndex = 0
  }
}

/** What is scrolled sideways can be scrolled by the keyboard. */
const reach = () => {
  for (const region of document.querySelectorAll('pre, pre code, .table-responsive')) {
    if (region.scrollWidth > region.clientWidth) {
      region.tabIndex = 0
    } else {
      region.removeAttribute('tabindex')
    }
  }
}

export default {
  // A block without a language is what a shell or a program wrote: nothing to guess a language from.
  configureHljs: hljs => hljs.configure({ languages: [] }),
  start: () => {
    new MutationObserver(() => { describe(); reach() }).observe(document.body,
      { childList: true, subtree: true, attributeFilter: ['class'] })
    window.addEventListener('resize', reach)
    document.fonts.ready.then(reach)
    document.addEventListener('keydown', event => {
      if (event.target.matches?.(themes) && (event.key === 'Enter' || event.key === ' ')) {
        event.preventDefault()
        event.target.click()
      }
    })
    describe()
    reach()
  }
}
