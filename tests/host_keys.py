"""Public keys of hosts: real ones, whose private halves were thrown away."""

ALPHA = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIByrddUt6pQ02kKWsrjq/TcXFFfJgJqdqm0xJ0Nr/3zg root@alpha\n"
)
BETA = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOkpALl/on82G4vbaLM8YqicApGrjhyJVnwrlLRZyyZD root@beta\n"
)
GAMMA = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGwxT+UlChQJVl5h6YXbB9pbminwWM+vdQbPP4HULYar root@gamma\n"
)
DELTA = "age1u98ev34gftazmhmm99l2lasjz8jgxcg5phsvwrv69vrw2vlaq99swvx579\n"

# Of no host in the sample fleet.
NEW = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJUpb63tBdRgqVStaNE06PZO4G4DQcmsPg2gfdTFl71T root@new\n"
OTHER = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBQtBqPGjfor9FH5xMzOWXMaktlKfXSxMa8r2tK+spXt root@other\n"
)
STRANGER = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINm2jUMUwfagy6s384slMpv36wePWRpxLD+vUJoXdhVC root@nobody\n"
)
RSA = (
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCwik2y0y7qvoRbbctaBubgqZI03lTM8TBvpw1e8yp66txbOesT"
    "s1+U7dxb17l0N9d0JlF8DK6e4S/wOSV+hcY+7Qp8p+SEu5O1H65hBnis/372o3iqiMmVsOEimTn2u6oijyIdICDa"
    "poMFFiJ6wHCNZszGw2Rlz7UxgXgqMVG3vfGL5XJYkcybxcL2DIe2lBXFRZ10BwevZbw9U6DPJb/9p2L9vqP3uwor"
    "2v2KxhGAOiQdb++xRsTjlRMOU5/X5TqAsk7shYUKs7j3KCvU/vMXPa/Df/z4RYmpLxaPqjOCLN2F8/jsR2gMA4Ne"
    "wwuHcRfzAp9rQur9ZN7OJPUqv1PJ root@rsa\n"
)

HOSTS = {"alpha": ALPHA, "beta": BETA, "gamma": GAMMA, "delta": DELTA}
