startHosts();
startTree();
startFilters();
startSearch();
expireWaivers();
filterChecks();
showToday();
document.documentElement.classList.add('ready');
route();
addEventListener('hashchange', route);
// On paper everything is open.
addEventListener('beforeprint', () => {
  for (const details of document.querySelectorAll('details')) details.open = true;
});
