"""What makes steps in torch faster and changes nothing that they compute."""
