"""What runs on the small machine."""

from __future__ import annotations

from functools import partial

from screenshots.network import PI, SERVER, exchange, look_up, serve
from screenshots.world import Service

__all__ = ["SERVICES"]

_PAGE = "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html\r\nContent-Length: 5115\r\n\r\n"
_DESKTOP = (
    Service("/usr/bin/dbus-daemon --session --address=systemd: --nofork --nopidfile", "pi", cpu=0.002),
    Service("/usr/bin/pipewire", "pi", cpu=0.004, megabytes=3),
    Service("/usr/bin/wireplumber", "pi", megabytes=6, threads=4),
)

SERVICES = (
    Service("/lib/systemd/systemd-journald", cpu=0.003, megabytes=14),
    Service("/lib/systemd/systemd-udevd", megabytes=2),
    Service("/usr/sbin/rsyslogd -n -iNONE", megabytes=3),
    Service("/usr/sbin/cron -f", children=(Service("/usr/sbin/CRON -f", dead=True),)),
    Service(
        "avahi-daemon: running [raspberrypi.local]",
        "avahi",
        children=(Service("avahi-daemon: chroot helper", "avahi"),),
    ),
    Service("/sbin/wpa_supplicant -u -s -O DIR=/run/wpa_supplicant GROUP=netdev", cpu=0.001, megabytes=2),
    Service(
        "/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf",
        "mosquitto",
        cpu=0.02,
        megabytes=5,
        work=(partial(serve, PI, 1883, 4),),
    ),
    Service(
        "nginx: master process /usr/sbin/nginx -g daemon on; master_process on;",
        children=(
            Service(
                "nginx: worker process",
                "www-data",
                cpu=0.03,
                megabytes=4,
                faults=40,
                work=(partial(serve, PI, 80, 5200, _PAGE),),
            ),
            Service("nginx: worker process", "www-data", cpu=0.015, megabytes=4, faults=15),
        ),
    ),
    Service(
        "/usr/lib/postgresql/15/bin/postgres -D /var/lib/postgresql/15/main",
        "postgres",
        megabytes=24,
        work=(partial(serve, "127.0.0.1", 5432, 700),),
        children=(
            Service("postgres: 15/main: checkpointer", "postgres", megabytes=9),
            Service("postgres: 15/main: background writer", "postgres", cpu=0.004, megabytes=4),
            Service("postgres: 15/main: walwriter", "postgres", cpu=0.003, megabytes=3),
            Service("postgres: 15/main: autovacuum launcher", "postgres", megabytes=3),
            Service("postgres: 15/main: ada library [local] SELECT", "postgres", cpu=0.14, megabytes=61, faults=900),
            Service("postgres: 15/main: ada library [local] idle", "postgres", megabytes=18),
        ),
    ),
    Service(
        "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups",
        children=(
            Service(
                "sshd: pi [priv]",
                children=(
                    Service(
                        "sshd: pi@pts/0",
                        "pi",
                        cpu=0.003,
                        work=(partial(serve, PI, 22, 120),),
                        children=(Service("-bash", "pi", children=(Service("vim notes.md", "pi", megabytes=5),)),),
                    ),
                ),
            ),
            Service(
                "sshd: ada [priv]",
                children=(
                    Service(
                        "sshd: ada@pts/1",
                        "ada",
                        children=(
                            Service(
                                "-bash",
                                "ada",
                                children=(
                                    Service(
                                        "make -j2 kernel",
                                        "ada",
                                        children=(
                                            Service(
                                                "cc1 -O2 -o fork.o kernel/fork.c",
                                                "ada",
                                                cpu=0.5,
                                                megabytes=87,
                                                faults=6000,
                                            ),
                                            Service(
                                                "cc1 -O2 -o sched.o kernel/sched/core.c",
                                                "ada",
                                                cpu=0.3,
                                                megabytes=122,
                                                faults=4200,
                                            ),
                                        ),
                                    ),
                                ),
                            ),
                        ),
                    ),
                ),
            ),
        ),
    ),
    Service(
        "/lib/systemd/systemd --user",
        "pi",
        megabytes=4,
        children=_DESKTOP,
    ),
    Service(
        "/usr/bin/python3 /srv/weather/station.py --every 10",
        "pi",
        cpu=0.06,
        megabytes=31,
        faults=120,
        work=(
            partial(look_up, "api.example.org", 2.0),
            partial(exchange, SERVER, 443, 420, 1.5, 4),
            partial(exchange, "127.0.0.1", 5432, 180, 0.5),
        ),
        children=(Service("rtl_433 -F json -R 19", "pi", cpu=0.09, megabytes=7),),
    ),
    Service("rsync -a --delete /srv/photos/ /mnt/backup/photos/", nice=10, megabytes=11, waiting=True),
)
