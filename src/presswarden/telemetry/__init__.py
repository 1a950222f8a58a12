"""What sites report: heartbeats and signed reads in, facts with their age out. Not for: visitor data, content, judging a report (`incidents`, `policy`)."""
