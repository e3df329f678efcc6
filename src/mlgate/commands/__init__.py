"""What command lines say: their words, what they fetch, install and start. Pure; knows no facts."""
