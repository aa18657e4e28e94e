// Adds the reader's own time to each time of the page, which is UTC. Without a script the page says the same.
const format = new Intl.DateTimeFormat(undefined, { dateStyle: 'short', timeStyle: 'short' });
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

for (const element of zone === 'UTC' ? [] : document.querySelectorAll('time[datetime]')) {
  const local = document.createElement('small');
  local.textContent = ` (${format.format(new Date(element.dateTime))} here)`;
  element.append(local);
}
