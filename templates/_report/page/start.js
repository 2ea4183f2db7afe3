document.documentElement.classList.add('scripted');
startHosts();
startTree();
startFilters();
startSearch();
expireWaivers();
filterChecks();
showToday();
route();
addEventListener('hashchange', route);
// On paper everything is open.
addEventListener('beforeprint', () => {
  for (const details of document.querySelectorAll('details')) details.open = true;
});
