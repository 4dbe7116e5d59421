// Puts something on paper in place of the page. It is a copy: while a printer lays the page out, rows and sheets come and go.
export const toPaper = (title: string, matter: HTMLElement, foot: string, large = false) => {
  const paper = document.createElement('article')
  paper.className = large ? 'paper large' : 'paper'
  const [h1, footer] = [document.createElement('h1'), document.createElement('footer')]
  h1.textContent = title
  footer.textContent = foot
  paper.append(h1, ...[...matter.childNodes].map((n) => n.cloneNode(true)), footer)
  const root = document.documentElement
  const away = () => {
    paper.remove()
    delete root.dataset.paper
  }
  for (const old of document.querySelectorAll('.paper')) old.remove()
  document.body.append(paper)
  root.dataset.paper = ''
  addEventListener('afterprint', away, { once: true })
  window.print()
}
