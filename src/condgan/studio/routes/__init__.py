"""What can be asked, by subject: a router in each file."""
