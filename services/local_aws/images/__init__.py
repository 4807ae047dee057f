"""Container images without a container runtime: the file tree that a Dockerfile lays out.

* `dockerfile` reads a Dockerfile, `context` what of the project it may copy;
* `build` carries the instructions out (`commands` those of RUN) on a `tree` of files in memory;
* `store` keeps the outcome under the local AWS's home, named by its digest, and `image` is what
  processes see of it;
* `pushing` registers it in the local ECR, `pulling` finds it there again.

What is as in a container: files, ENV, WORKDIR, ENTRYPOINT and CMD; of Python, the distributions
that the image installs and no others: the tree's `/usr/local` is a virtual environment, with links
to the very distributions that are installed here.

What is not, because nothing here may need more than an ordinary user's rights:

* There is no root of its own. Absolute paths of the image are translated where the image or a
  task definition says them (ENV, WORKDIR, ENTRYPOINT, CMD), and by nobody where a program has
  them in its code: it would find this machine's. So code asks (`sys.prefix`, a variable).
* What is not in the tree is the machine's: `/bin/sh`, the C library, the interpreter itself.
* USER is kept and shown; a process belongs to whoever runs the local AWS. The tests run images as
  a user without rights, on a root that cannot be written, where the machine allows it.
* What a build would download is linked from this machine (the interpreter, distributions, Terraform
  and its provider) or marked as a stand-in (the certificates of RDS).
"""
