"""What an ended run or an offboarding has left, found again."""
