/* flood ADDRESS PORT RATE COUNT: UDP datagrams of 64 bytes, numbered, evenly spaced at RATE a second.
 *
 * For namespaces of one's own alone. It prints how many it sent, and at which rate it managed to.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int count, char **words) {
    if (count != 5) return 2;
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(atoi(words[2])) };
    inet_pton(AF_INET, words[1], &to.sin_addr);
    double rate = atof(words[3]);
    long wanted = atol(words[4]), sent = 0;
    int sock = socket(AF_INET, SOCK_DGRAM, 0);
    char data[64] = { 0 };
    double began = now();
    while (sent < wanted) {
        long due = (now() - began) * rate + 1;
        if (due > wanted) due = wanted;
        if (due == sent) {
            /* A gap long enough is slept through, so that the captures get the processor. */
            double left = began + sent / rate - now();
            if (left > 0.0002) {
                struct timespec pause = { 0, (left - 0.0001) * 1e9 };
                nanosleep(&pause, NULL);
            }
            continue;
        }
        for (; sent < due; sent++) {
            uint32_t number = htonl(sent);
            memcpy(data, &number, sizeof number);
            /* What an earlier datagram was answered is told to the next: it is sent once more then. */
            if (sendto(sock, data, sizeof data, 0, (struct sockaddr *)&to, sizeof to) < 0)
                (void)!sendto(sock, data, sizeof data, 0, (struct sockaddr *)&to, sizeof to);
        }
    }
    double took = now() - began;
    printf("%ld %.0f\n", sent, sent / took);
    return 0;
}
