// Runs before the first paint: Django's own script opens the sidebar when the page has been shown.
document.getElementById("main").classList.toggle(
  "shifted",
  localStorage.getItem("django.admin.navSidebarIsOpen") !== "false",
);
