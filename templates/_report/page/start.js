startHosts();
startTree();
startFilters();
startSearch();
expireWaivers();
filterChecks();
showToday();
route();
document.documentElement.classList.add('ready');
addEventListener('hashchange', route);
// On paper everything is open.
addEventListener('beforeprint', () => {
  for (const details of document.querySelectorAll('details')) details.open = true;
});
