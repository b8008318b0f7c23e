module clientcert

go 1.19
